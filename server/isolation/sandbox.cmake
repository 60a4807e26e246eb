# The sandbox side of agentkernel-local: everything that runs a command under bubblewrap.

file(GLOB AKL_SANDBOX_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
list(REMOVE_ITEM AKL_SANDBOX_SOURCES ${CMAKE_CURRENT_LIST_DIR}/launcher.c)
get_filename_component(AKL_SERVER_DIR ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
list(APPEND AKL_SANDBOX_SOURCES ${AKL_SERVER_DIR}/fs/disk.c ${AKL_SERVER_DIR}/fs/kept_root.c
     ${AKL_SERVER_DIR}/base/descriptor.c)
set(AKL_SANDBOX_INCLUDES ${CMAKE_CURRENT_LIST_DIR} ${AKL_SERVER_DIR}/fs ${AKL_SERVER_DIR}/base CACHE INTERNAL "")
# Where the tests' folder sees them, too.
set(AKL_SANDBOX_SOURCES ${AKL_SANDBOX_SOURCES} CACHE INTERNAL "")
set(AKL_SANDBOX_DIR ${CMAKE_CURRENT_LIST_DIR} CACHE INTERNAL "")

# akl_add_sandbox(<library> <launcher> [definitions]): the library with the launcher's program inside. The launcher runs where
# no library of the host can be relied on and no sanitizer works: it is static, and takes none of ak_options' sanitizers.
function(akl_add_sandbox library launcher)
  add_executable(${launcher} ${AKL_SANDBOX_DIR}/launcher.c)
  target_compile_features(${launcher} PRIVATE c_std_11)
  target_include_directories(${launcher} PRIVATE ${AKL_SANDBOX_INCLUDES})
  target_compile_definitions(${launcher} PRIVATE _GNU_SOURCE ${ARGN})
  target_compile_options(${launcher} PRIVATE -O2 -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes
                         $<$<BOOL:${AK_WERROR}>:-Werror>)
  target_link_options(${launcher} PRIVATE -static -no-pie -s)

  add_library(${library} STATIC ${AKL_SANDBOX_SOURCES})
  target_include_directories(${library} PUBLIC ${AKL_SANDBOX_INCLUDES})
  target_link_libraries(${library} PUBLIC ak_options Threads::Threads)
  # .incbin: the compiler does not tell the build that the program is a source of this file.
  set(bytes ${CMAKE_CURRENT_BINARY_DIR}/${launcher}.bytes)
  add_custom_command(OUTPUT ${bytes} COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:${launcher}> ${bytes}
                     DEPENDS ${launcher} VERBATIM)
  target_sources(${library} PRIVATE ${bytes})
  set_property(SOURCE ${AKL_SANDBOX_DIR}/launcher_image.c APPEND PROPERTY OBJECT_DEPENDS ${bytes})
  target_compile_definitions(${library} PRIVATE AKL_LAUNCHER_FILE="${bytes}" ${ARGN})
endfunction()

akl_add_sandbox(akl_sandbox agentkernel-local-launcher)
