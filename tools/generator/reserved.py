"""Names that the schema cannot have: some language would not have them as a member, method or parameter."""

import keyword

# Keywords. Go's are not here: its members and methods begin with a capital, and its arguments may be renamed.
C = """
         alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern
    false float     for goto if inline int long nullptr register restrict return short signed sizeof static
    static_assert struct switch     thread_local true typedef typeof union unsigned void volatile while
"""
CXX = """
         and and_eq bitand bitor catch class compl concept const_cast consteval constinit decltype delete dynamic_cast
    explicit     export friend mutable namespace new noexcept not not_eq operator or or_eq private protected public
    reinterpret_cast     requires static_cast template this throw try typeid typename using virtual wchar_t xor xor_eq
"""
LUA = "and break do else elseif end false for function goto if in local nil not or repeat return then true until while"
RUBY = """
         alias and begin break case class def defined do else elsif end ensure false for if in module next nil not or
    redo     rescue retry return self super then true undef unless until when while yield
"""
JAVASCRIPT = """
         arguments await break case catch class const continue debugger default delete do else enum eval export
    extends false     finally for function if import in instanceof let new null return static super switch this throw
    true try typeof var     void while with yield
"""
# Methods that every object has, and needs.
OBJECTS = "clone constructor dup freeze hash inspect object_id prototype send to_h to_s"

RESERVED = {*keyword.kwlist, *" ".join((C, CXX, LUA, RUBY, JAVASCRIPT, OBJECTS)).split()}
