# Compiles what agentkernel-local consists of, and the programs that its tests run in sandboxes, with musl's compiler: nothing in
# them needs glibc. ROOT: the source tree; WORK: a folder for what comes out; GCC: musl-gcc; HEADERS: folders (with |) of the headers
# of the kernel and of libmicrohttpd, of which musl brings none and glibc's must stay out of reach.
string(REPLACE "|" ";" HEADERS "${HEADERS}")
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK}/include)
foreach(name linux asm asm-generic mtd microhttpd.h)
  find_path(found_${name} ${name} PATHS ${HEADERS} NO_DEFAULT_PATH)
  if(found_${name})
    file(CREATE_LINK ${found_${name}}/${name} ${WORK}/include/${name} SYMBOLIC)
  else()
    message(FATAL_ERROR "no ${name} in ${HEADERS}")
  endif()
endforeach()

set(flags -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Werror
          -DAKL_VERSION="0" -DAKL_LAUNCHER_FILE="${WORK}/launcher" -I${ROOT}/core/common -idirafter ${WORK}/include)
foreach(room . api embedded exec sandboxes isolation fs http base)
  list(APPEND flags -I${ROOT}/server/${room})
endforeach()
file(GLOB sources ${ROOT}/server/*.c ${ROOT}/server/*/*.c ${ROOT}/core/common/*.c)
file(WRITE ${WORK}/launcher "")
set(wrong "")
foreach(source ${sources})
  execute_process(COMMAND ${GCC} ${flags} -c ${source} -o ${WORK}/object.o RESULT_VARIABLE status ERROR_VARIABLE said)
  if(status)
    string(APPEND wrong "${said}")
  endif()
endforeach()
# These are whole programs.
foreach(source ${ROOT}/server/isolation/launcher.c ${ROOT}/tests/server/probes/probe.c ${ROOT}/tests/server/probes/attack.c
               ${ROOT}/tests/server/probes/git.c)
  execute_process(COMMAND ${GCC} ${flags} -static ${source} -o ${WORK}/program -pthread RESULT_VARIABLE status
                  ERROR_VARIABLE said)
  if(status)
    string(APPEND wrong "${said}")
  endif()
endforeach()
if(wrong)
  message(FATAL_ERROR "${wrong}")
endif()
