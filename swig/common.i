/*
 * common.i: what every language shares. It comes after the language's own typemaps, because %apply copies what is
 * there.
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
%ignore ak_value;        /* its typemap makes the language's own values of it */
%ignore ak_call_text;    /* ak_call_view serves, and the language makes its own copy */
%ignore ak_call_text_at; /* ak_call_view_at serves */
%ignore ak_error_text;   /* ak_error_view serves */
%ignore ak_call_cstring; /* ak_call_view serves, and has text with a NUL whole */
%ignore ak_error_cstring;

/* The header's names of parameters say what they are. A language writes its typemaps for the first of each group. */
%apply (const char *text, size_t len) { (const char *name, size_t name_len), (const char *name, size_t len) };

%include <agentkernel.h>
