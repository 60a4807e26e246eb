# Tests of the sandbox side of agentkernel-local. Each runs as whoever runs the tests and, when that is root, as a plain user
# too. They link the library in a form in which single controls can be taken away, to see that something notices.
if(NOT TARGET akl_sandbox)
  return()
endif()

akl_add_sandbox(akl_sandbox_weak agentkernel-local-launcher-weak AK_TEST_WEAKEN)
target_compile_definitions(akl_sandbox_weak PUBLIC AK_TEST_WEAKEN)

add_executable(akl_test_probe ${CMAKE_CURRENT_LIST_DIR}/probes/probe.c)
target_compile_features(akl_test_probe PRIVATE c_std_11)
target_compile_definitions(akl_test_probe PRIVATE _GNU_SOURCE)
target_compile_options(akl_test_probe PRIVATE -Wall -Wextra -Wshadow -Wvla $<$<BOOL:${AK_WERROR}>:-Werror>)
target_link_options(akl_test_probe PRIVATE -static -no-pie)

add_executable(akl_test_attack ${CMAKE_CURRENT_LIST_DIR}/probes/attack.c)
target_compile_features(akl_test_attack PRIVATE c_std_11)
target_compile_definitions(akl_test_attack PRIVATE _GNU_SOURCE)
target_compile_options(akl_test_attack PRIVATE -Wall -Wextra -Wshadow -Wvla $<$<BOOL:${AK_WERROR}>:-Werror>)
target_link_libraries(akl_test_attack PRIVATE Threads::Threads)
target_link_options(akl_test_attack PRIVATE -static -no-pie)

foreach(part run walls life limits probe privileges escape bites floods)
  add_executable(test_sandbox_${part} ${CMAKE_CURRENT_LIST_DIR}/test_sandbox_${part}.c
                 ${CMAKE_CURRENT_LIST_DIR}/sandbox_fixture.c ${CMAKE_CURRENT_LIST_DIR}/sandbox_attacks.c
                 ${CMAKE_CURRENT_LIST_DIR}/../scratch/scratch.c)
  target_include_directories(test_sandbox_${part} PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../scratch)
  target_link_libraries(test_sandbox_${part} PRIVATE akl_sandbox_weak PkgConfig::CMOCKA)
  target_compile_definitions(test_sandbox_${part} PRIVATE AKL_TEST_PROBE="$<TARGET_FILE:akl_test_probe>"
                             AKL_TEST_ATTACK="$<TARGET_FILE:akl_test_attack>")
  add_dependencies(test_sandbox_${part} akl_test_probe akl_test_attack)
  add_test(NAME sandbox.${part} COMMAND test_sandbox_${part})
  add_test(NAME sandbox.${part}.plain COMMAND test_sandbox_${part})
  set_tests_properties(sandbox.${part}.plain PROPERTIES ENVIRONMENT AK_TEST_AS=plain)
endforeach()

# What is shipped has no switch to weaken it; what is tested has. And the table of controls says nothing that is not so.
add_test(NAME sandbox.shipped
         COMMAND ${CMAKE_COMMAND} -DSHIPPED=$<TARGET_FILE:agentkernel-local>|$<TARGET_FILE:agentkernel-local-launcher>
                 -DWEAK=$<TARGET_FILE:test_sandbox_bites>|$<TARGET_FILE:agentkernel-local-launcher-weak>
                 -P ${CMAKE_CURRENT_LIST_DIR}/check_shipped.cmake)
add_test(NAME sandbox.table COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}
                                    -P ${CMAKE_CURRENT_LIST_DIR}/check_table.cmake)
