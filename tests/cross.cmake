# cmake -DSOURCE=... -DBUILD=... -DCOMPILER=... -DGENERATOR=... -P cross.cmake: the tree can be configured for a machine
# whose programs do not run here. Those that the compiler makes are for this one, but ask for a loader that is not there.
file(REMOVE_RECURSE ${BUILD})
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G ${GENERATOR} -DCMAKE_C_COMPILER=${COMPILER}
          -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=elsewhere
          -DCMAKE_EXE_LINKER_FLAGS=-Wl,--dynamic-linker,/no-such-loader
  RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "it cannot be configured for another machine")
endif()
