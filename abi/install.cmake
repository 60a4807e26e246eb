# What `cmake --install` lays down of the library, and the target `uninstall`. The server's own part is in server/.
include(CMakePackageConfigHelpers)
set(AK_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/AgentKernel)

install(TARGETS agentkernel EXPORT AgentKernelTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT AgentKernelTargets NAMESPACE agentkernel:: DESTINATION ${AK_CMAKE_DIR})
if(AK_BUILD_STATIC)
  install(TARGETS agentkernel_static EXPORT AgentKernelStatic ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT AgentKernelStatic NAMESPACE agentkernel:: DESTINATION ${AK_CMAKE_DIR})
endif()
install(FILES abi/include/agentkernel.h abi/include/agentkernel_ops.h abi/include/agentkernel_posix.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# For other languages that SWIG serves.
install(DIRECTORY swig/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/agentkernel FILES_MATCHING PATTERN "*.i")

ak_write_pkgconfig(${PROJECT_BINARY_DIR}/agentkernel.pc "${CMAKE_INSTALL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_LIBDIR}"
                   "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES ${PROJECT_BINARY_DIR}/agentkernel.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# find_package(AgentKernel)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/AgentKernelConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES abi/AgentKernelConfig.cmake ${PROJECT_BINARY_DIR}/AgentKernelConfigVersion.cmake
        DESTINATION ${AK_CMAKE_DIR})

# The links between them stay right.
install(FILES LICENSE README.md CHANGELOG.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/reference.md docs/security.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)

if(PROJECT_IS_TOP_LEVEL)
  add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -DMANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt
                                      -P ${PROJECT_SOURCE_DIR}/abi/uninstall.cmake)
endif()
