/*
 * common.i: the part that all languages share. It comes after the language's typemaps, because %apply copies existing
 * ones.
 *
 * SPDX-License-Identifier: MIT
 */

/* Names: ak_call_step is call_step, AK_OP_RUN is OP_RUN; the module is the prefix. */
%rename("%(strip:[ak_])s", %$isfunction) "";
%rename("%(strip:[AK_])s", %$isconstant) "";

/* Not wrapped; every other exported function is. */
%warnfilter(314) ak_value::type;
%ignore AGENTKERNEL_H;
%ignore AK_API;
%ignore ak_value;        /* its typemap converts it to the language's values */
%ignore ak_call_text;    /* use ak_call_view; the language makes its own copy */
%ignore ak_call_text_at; /* use ak_call_view_at */
%ignore ak_error_text;   /* use ak_error_view */
%ignore ak_call_cstring; /* use ak_call_view, which keeps text with a NUL */
%ignore ak_error_cstring;

/* Parameter names in the header determine their typemap. A language defines typemaps for the first of each group. */
%apply (const char *text, size_t len) { (const char *name, size_t name_len), (const char *name, size_t len) };

%include <agentkernel.h>
