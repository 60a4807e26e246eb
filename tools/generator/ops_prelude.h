#ifndef AGENTKERNEL_OPS_H
#define AGENTKERNEL_OPS_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <agentkernel.h>

#ifdef __cplusplus
#define AK_OPS_CAST(type, value) static_cast<type>(value)
extern "C" {
#else
#define AK_OPS_CAST(type, value) ((type)(value))
#endif
/* Members of options are zero unless named, and no compiler has to warn of those that are not. */
#if defined(__cplusplus) && __cplusplus >= 201402L
#define AK_OPS_UNSET = {}
#else
#define AK_OPS_UNSET
#endif

/* A yes-or-no option. Not set means what the server or the library does by default. Not a bool: false would be the same
 * as not set. */
typedef enum ak_choice { AK_UNSET = 0, AK_YES = 1, AK_NO = 2 } ak_choice;

/* As an integer option: the number 0, because a plain 0 means that the option is not set. */
#define AK_ZERO INT64_MIN

/* One entry of a map. value is NULL where the server sent null. */
typedef struct ak_pair {
    const char *name;
    const char *value;
} ak_pair;

/* ---- how it works inside: nothing here is for use from outside ---- */

/* Memory of a record, for what its members point to. */
typedef struct ak_ops_block {
    struct ak_ops_block *next;
    char *data;
    size_t used, size;
} ak_ops_block;

static inline void ak_ops_free(ak_ops_block *block) {
    while (block) {
        ak_ops_block *next = block->next;
        free(block);
        block = next;
    }
}

/* Parameters on their way into a call. The first failure stays. */
typedef struct ak_ops_bind {
    ak_call *call;
    ak_error *err;
    ak_status status;
} ak_ops_bind;

static inline ak_ops_bind ak_ops_begin(ak_client *client, int32_t operation, ak_error *err) {
    ak_ops_bind bind;
    bind.call = NULL;
    bind.err = err;
    bind.status = ak_call_new(client, operation, &bind.call, err);
    return bind;
}

static inline void ak_ops_set_text(ak_ops_bind *bind, int32_t key, const char *text) {
    if (text && bind->status >= 0) {
        bind->status = ak_call_set_text(bind->call, key, text, strlen(text), bind->err);
    }
}

static inline void ak_ops_set_int(ak_ops_bind *bind, int32_t key, int64_t value) {
    if (value != 0 && bind->status >= 0) {
        bind->status = ak_call_set_int(bind->call, key, value == AK_ZERO ? 0 : value, bind->err);
    }
}

static inline void ak_ops_set_choice(ak_ops_bind *bind, int32_t key, ak_choice choice) {
    if (choice != AK_UNSET && bind->status >= 0) {
        bind->status = ak_call_set_int(bind->call, key, choice == AK_YES, bind->err);
    }
}

static inline void ak_ops_add_texts(ak_ops_bind *bind, int32_t key, const char *const *texts) {
    for (; texts && *texts && bind->status >= 0; texts++) {
        bind->status = ak_call_add_text(bind->call, key, *texts, strlen(*texts), bind->err);
    }
}

static inline void ak_ops_add_lists(ak_ops_bind *bind, int32_t key, const char *const *const *lists) {
    for (; lists && *lists && bind->status >= 0; lists++) {
        bind->status = ak_call_add_list(bind->call, key, bind->err);
        ak_ops_add_texts(bind, key, *lists);
    }
}

static inline void ak_ops_set_bytes(ak_ops_bind *bind, int32_t key, const void *bytes, size_t len) {
    if (bytes && bind->status >= 0) {
        bind->status = ak_call_set_text(bind->call, key, AK_OPS_CAST(const char *, bytes), len, bind->err);
    }
}

static inline void ak_ops_put_pairs(ak_ops_bind *bind, int32_t key, const ak_pair *pairs) {
    if (pairs && !pairs->name && bind->status >= 0) {
        bind->status = ak_call_set_text(bind->call, key, "", 0, bind->err); /* none: another thing than not set */
    }
    for (; pairs && pairs->name && bind->status >= 0; pairs++) {
        const char *value = pairs->value ? pairs->value : "";
        bind->status =
            ak_call_put_text(bind->call, key, pairs->name, strlen(pairs->name), value, strlen(value), bind->err);
    }
}

/* Hands out the call, or frees it when a parameter was refused. */
static inline ak_status ak_ops_end(ak_ops_bind *bind, ak_call **call) {
    if (bind->status < 0) {
        ak_call_free(bind->call);
        bind->call = NULL;
    }
    *call = bind->call;
    return bind->status;
}

/* The next record, the end, or an error. A signal does not end it: the call's deadlines do. */
static inline ak_status ak_ops_wait(ak_call *call, ak_error *err) {
    ak_status status;
    do {
        status = ak_call_wait(call, -1, err);
    } while (status == AK_AGAIN);
    return status;
}

/* Fields on their way out of a call, or of an error where there is no call. The first failure stays. */
typedef struct ak_ops_copy {
    ak_call *call;
    const ak_error *source;
    ak_error *err;
    ak_ops_block *memory;
    ak_status status;
} ak_ops_copy;

static inline ak_ops_copy ak_ops_copy_from(ak_call *call, const ak_error *source, ak_error *err) {
    ak_ops_copy copy;
    copy.call = call;
    copy.source = source;
    copy.err = err;
    copy.memory = NULL;
    copy.status = AK_OK;
    return copy;
}

/* Memory for count things of a size. */
static inline void *ak_ops_take(ak_ops_copy *copy, size_t count, size_t size) {
    const size_t unit = sizeof(ak_ops_block), room = 1024;
    ak_ops_block *block = copy->memory;
    if (count > (SIZE_MAX - room - 2 * unit) / size) {
        copy->status = AK_E_MEMORY;
        return NULL;
    }
    size = (count * size + unit - 1) / unit * unit; /* keeps what follows aligned */
    if (!block || block->size - block->used < size) {
        const size_t data = size > room ? size : room;
        void *memory = malloc(unit + data);
        if (!memory) {
            copy->status = AK_E_MEMORY;
            return NULL;
        }
        block = AK_OPS_CAST(ak_ops_block *, memory);
        block->next = copy->memory;
        block->data = AK_OPS_CAST(char *, memory) + unit;
        block->used = 0;
        block->size = data;
        copy->memory = block;
    }
    block->used += size;
    return block->data + block->used - size;
}

static inline const char *ak_ops_keep(ak_ops_copy *copy, const char *data, size_t len) {
    char *text = AK_OPS_CAST(char *, ak_ops_take(copy, len + 1, 1));
    if (text) {
        memcpy(text, data, len);
        text[len] = '\0';
    }
    return text;
}

static inline ak_status ak_ops_view(const ak_ops_copy *copy, int32_t key, const char **data, size_t *len) {
    return copy->call ? ak_call_view(copy->call, key, data, len, copy->err)
                      : ak_error_view(copy->source, key, data, len);
}

static inline ak_status ak_ops_int(const ak_ops_copy *copy, int32_t key, int64_t *value) {
    return copy->call ? ak_call_int(copy->call, key, value, copy->err) : ak_error_int(copy->source, key, value);
}

/* Notes what a function returned. True when there is a value to take. */
static inline bool ak_ops_seen(ak_ops_copy *copy, ak_status status, bool *has, bool *null) {
    if (has) {
        *has = status == AK_OK;
    }
    if (null) {
        *null = status == AK_NULL;
    }
    if (status < 0) {
        copy->status = status;
    }
    return status == AK_OK;
}

static inline void ak_ops_get_text(ak_ops_copy *copy, int32_t key, const char **text, size_t *len, bool *has,
                                   bool *null) {
    const char *data = NULL;
    size_t size = 0;
    if (copy->status < 0 || !ak_ops_seen(copy, ak_ops_view(copy, key, &data, &size), has, null)) {
        return;
    }
    *text = ak_ops_keep(copy, data, size);
    if (len) {
        *len = size;
    }
}

static inline void ak_ops_get_int(ak_ops_copy *copy, int32_t key, int64_t *value, bool *has, bool *null) {
    if (copy->status >= 0) {
        ak_ops_seen(copy, ak_ops_int(copy, key, value), has, null);
    }
}

static inline void ak_ops_get_bool(ak_ops_copy *copy, int32_t key, bool *value, bool *has, bool *null) {
    int64_t number = 0;
    ak_ops_get_int(copy, key, &number, has, null);
    *value = number != 0;
}

/* The entry of a list or map: NULL for null. */
static inline const char *ak_ops_entry(ak_ops_copy *copy, ak_status status, const char *data, size_t len) {
    if (status < 0) {
        copy->status = status;
    }
    return status == AK_OK ? ak_ops_keep(copy, data, len) : NULL;
}

static inline void ak_ops_get_list(ak_ops_copy *copy, int32_t key, const char *const **list, size_t *count, bool *has,
                                   bool *null) {
    const char **texts, *data = NULL;
    size_t entries = 0, len = 0, i;
    if (copy->status < 0 || !ak_ops_seen(copy, ak_call_count(copy->call, key, &entries, copy->err), has, null)) {
        return;
    }
    texts = AK_OPS_CAST(const char **, ak_ops_take(copy, entries + 1, sizeof *texts));
    for (i = 0; i < entries && copy->status >= 0; i++) {
        ak_status status = ak_call_view_at(copy->call, key, i, &data, &len, copy->err);
        texts[i] = ak_ops_entry(copy, status, data, len);
    }
    if (copy->status >= 0) {
        texts[entries] = NULL;
        *list = texts;
        *count = entries;
    }
}

static inline void ak_ops_get_map(ak_ops_copy *copy, int32_t key, const ak_pair **map, size_t *count, bool *has,
                                  bool *null) {
    ak_pair *pairs;
    const char *data = NULL;
    size_t entries = 0, len = 0, i;
    if (copy->status < 0 || !ak_ops_seen(copy, ak_call_count(copy->call, key, &entries, copy->err), has, null)) {
        return;
    }
    pairs = AK_OPS_CAST(ak_pair *, ak_ops_take(copy, entries + 1, sizeof *pairs));
    for (i = 0; i < entries && copy->status >= 0; i++) {
        ak_status status = ak_call_key_at(copy->call, key, i, &data, &len, copy->err);
        pairs[i].name = ak_ops_entry(copy, status, data, len);
        if (copy->status >= 0) {
            status = ak_call_view_at(copy->call, key, i, &data, &len, copy->err);
            pairs[i].value = ak_ops_entry(copy, status, data, len);
        }
    }
    if (copy->status >= 0) {
        pairs[entries].name = NULL;
        pairs[entries].value = NULL;
        *map = pairs;
        *count = entries;
    }
}
