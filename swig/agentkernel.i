/*
 * agentkernel.i: the raw layers of the languages that SWIG supports, from the public header.
 *
 * SPDX-License-Identifier: MIT
 *
 * README.md says how this works and how a language is added.
 */
%module agentkernel

%{
#include <agentkernel.h>
%}

%include <stdint.i>

#if defined(SWIGGO)
%include "go.i"
#elif defined(SWIGLUA)
%include "lua.i"
#elif defined(SWIGRUBY)
%include "ruby.i"
#else
#pragma SWIG nowarn=453 /* no typemaps for %apply to copy: the language gets SWIG's defaults */
#endif

%include "common.i"
