# Tests of agentkernel-local over the wire. Each file runs twice: as whoever runs the tests and, when that is root, as a plain
# user too.
if(NOT TARGET agentkernel-local)
  return()
endif()
find_package(Python3 3.8 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
  message(STATUS "no Python 3: the tests of agentkernel-local over the wire are left out")
  return()
endif()

# The same program with short times, so that a test need not wait for a minute, and a long one where a test shows that nobody
# waits.
akl_add_server(agentkernel-local-short)
target_compile_definitions(agentkernel-local-short PRIVATE STREAM_KEEP_ALIVE_MS=200 HTTP_IDLE_MS=2000
                           DETACHED_GRACE_MS=60000)

# And in the form in which single controls can be taken away; see sandbox_tests.cmake.
akl_add_server(agentkernel-local-weak akl_sandbox_weak)

# A git that needs no network; an image of a test holds nothing else.
add_executable(akl_test_git ${CMAKE_CURRENT_LIST_DIR}/probes/git.c)
target_compile_features(akl_test_git PRIVATE c_std_11)
target_link_options(akl_test_git PRIVATE -static -no-pie)

foreach(part wire stream idle sandboxes files metadata process beside attacks life batch detached snapshots expiry crash source)
  foreach(user self plain)
    set(name server.${part})
    set(environment "AKL_SERVER=$<TARGET_FILE:agentkernel-local>;AKL_SERVER_SHORT=$<TARGET_FILE:agentkernel-local-short>;AKL_SERVER_WEAK=$<TARGET_FILE:agentkernel-local-weak>;AKL_GIT=$<TARGET_FILE:akl_test_git>")
    if(AK_SANITIZE)
      string(APPEND environment ";AKL_SANITIZED=1")
    endif()
    if(user STREQUAL "plain")
      set(name server.${part}-plain-user)
      string(APPEND environment ";AKL_TEST_UID=65534")
    endif()
    add_test(NAME ${name} COMMAND Python3::Interpreter -B ${CMAKE_CURRENT_LIST_DIR}/test_${part}.py)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}" SKIP_RETURN_CODE 77 COST 30) # the long ones first
    if(part STREQUAL "snapshots")
      set_tests_properties(${name} PROPERTIES COST 100)
    endif()
  endforeach()
endforeach()

# Where musl's compiler is installed (package musl-tools): nothing in the server needs glibc.
find_program(AK_MUSL_GCC musl-gcc)
if(AK_MUSL_GCC)
  set(headers /usr/include /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} ${MICROHTTPD_INCLUDE_DIRS})
  string(REPLACE ";" "|" headers "${headers}")
  add_test(NAME server.musl COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DGCC=${AK_MUSL_GCC} -DHEADERS=${headers}
                                    -DWORK=${CMAKE_CURRENT_BINARY_DIR}/musl -P ${CMAKE_CURRENT_LIST_DIR}/check_musl.cmake)
endif()
