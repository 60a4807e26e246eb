/* buffer.h: a growable byte buffer, and an arena for data with the lifetime of one record. Thread: one. */
#ifndef AK_BUFFER_H
#define AK_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise before use. data is NULL while cap is 0. */
typedef struct {
    char *data;
    size_t len;
    size_t cap;
} ak_buffer;

/* Makes room for more bytes beyond len. False when out of memory (nothing changes). */
bool ak_buffer_reserve(ak_buffer *buffer, size_t more);
bool ak_buffer_append(ak_buffer *buffer, const void *bytes, size_t len);
bool ak_buffer_append_text(ak_buffer *buffer, const char *text);
/* Appends a NUL that is not counted in len. */
bool ak_buffer_terminate(ak_buffer *buffer);
void ak_buffer_free(ak_buffer *buffer);

typedef struct ak_arena_block ak_arena_block;

/* Memory that is freed all at once. Zero-initialise before use. */
typedef struct {
    ak_arena_block *blocks;
} ak_arena;

/* Allocates size bytes that are valid until the reset; NULL when out of memory. */
void *ak_arena_alloc(ak_arena *arena, size_t size);
/* Frees everything except one small block, so that a stream of records does not allocate for each record. */
void ak_arena_reset(ak_arena *arena);
void ak_arena_free(ak_arena *arena);

#endif
