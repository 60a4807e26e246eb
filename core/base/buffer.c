#include "buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool ak_buffer_reserve(ak_buffer *buffer, size_t more) {
    if (buffer->cap - buffer->len >= more) {
        return true;
    }
    if (more > SIZE_MAX / 2 - buffer->len) {
        return false;
    }
    size_t cap = buffer->cap ? buffer->cap : 64;
    while (cap - buffer->len < more) {
        cap *= 2;
    }
    char *data = realloc(buffer->data, cap);
    if (!data) {
        return false;
    }
    buffer->data = data;
    buffer->cap = cap;
    return true;
}

bool ak_buffer_append(ak_buffer *buffer, const void *bytes, size_t len) {
    if (!ak_buffer_reserve(buffer, len)) {
        return false;
    }
    if (len) {
        memcpy(buffer->data + buffer->len, bytes, len);
        buffer->len += len;
    }
    return true;
}

bool ak_buffer_append_text(ak_buffer *buffer, const char *text) {
    return ak_buffer_append(buffer, text, strlen(text));
}

bool ak_buffer_terminate(ak_buffer *buffer) {
    if (!ak_buffer_reserve(buffer, 1)) {
        return false;
    }
    buffer->data[buffer->len] = '\0';
    return true;
}

void ak_buffer_free(ak_buffer *buffer) {
    free(buffer->data);
    *buffer = (ak_buffer){0};
}

#define ARENA_BLOCK_BYTES 4096

struct ak_arena_block {
    ak_arena_block *next;
    size_t used;
    size_t cap;
    char bytes[];
};

void *ak_arena_alloc(ak_arena *arena, size_t size) {
    ak_arena_block *block = arena->blocks;
    if (!block || block->cap - block->used < size) {
        size_t cap = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
        if (cap > SIZE_MAX - sizeof *block) {
            return NULL;
        }
        block = malloc(sizeof *block + cap);
        if (!block) {
            return NULL;
        }
        *block = (ak_arena_block){.next = arena->blocks, .used = 0, .cap = cap};
        arena->blocks = block;
    }
    void *bytes = block->bytes + block->used;
    block->used += size;
    return bytes;
}

void ak_arena_reset(ak_arena *arena) {
    ak_arena_block *kept = NULL;
    while (arena->blocks) {
        ak_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        if (!kept && block->cap == ARENA_BLOCK_BYTES) {
            kept = block;
        } else {
            free(block);
        }
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    arena->blocks = kept;
}

void ak_arena_free(ak_arena *arena) {
    while (arena->blocks) {
        ak_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}
