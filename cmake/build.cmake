# cargo builds the libraries; what is made of them, under the names they are installed by, goes to the build tree's lib
# folder: the shared library without its debug information, that information beside it, and the static library with no
# name in it but ours.

find_program(STREAMCACHE_CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin" REQUIRED)

set(streamcache_target_dir "${CMAKE_CURRENT_BINARY_DIR}/cargo")
if(DEFINED ENV{CARGO_TARGET_DIR})
  get_filename_component(streamcache_target_dir "$ENV{CARGO_TARGET_DIR}" ABSOLUTE)
endif()
set(STREAMCACHE_CARGO_TARGET_DIR "${streamcache_target_dir}" CACHE PATH "Where cargo builds")
set(STREAMCACHE_CARGO_FLAGS "" CACHE STRING "More arguments for cargo, a list, such as --offline")
mark_as_advanced(STREAMCACHE_CARGO_FLAGS)

set(streamcache_linux OFF)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  set(streamcache_linux ON)
endif()
set(streamcache_can_static OFF)
if(streamcache_linux AND CMAKE_OBJCOPY AND CMAKE_LINKER AND CMAKE_AR)
  set(streamcache_can_static ON)
endif()
option(STREAMCACHE_BUILD_STATIC "Build the static library, too" ${streamcache_can_static})
if(STREAMCACHE_BUILD_STATIC AND NOT streamcache_can_static)
  message(FATAL_ERROR "streamcache: the static library takes Linux and GNU's ld, objcopy and ar; "
    "set STREAMCACHE_BUILD_STATIC=OFF and link the shared one")
endif()

set(streamcache_release_dir "${STREAMCACHE_CARGO_TARGET_DIR}/release")
set(streamcache_lib_dir "${CMAKE_CURRENT_BINARY_DIR}/lib")
set(streamcache_include_dir "${CMAKE_CURRENT_SOURCE_DIR}/include")
file(MAKE_DIRECTORY "${streamcache_lib_dir}")

# `cargo rustc --crate-type` and not `cargo build`: with an rlib among the crate types cargo drops link-time optimisation.
# Runs at every build: cargo itself knows best whether a source has changed, and takes a moment when none has.
set(streamcache_crate_types cdylib)
set(streamcache_rustc_flags "")
set(streamcache_cargo_files "${streamcache_release_dir}/${streamcache_built}")
if(streamcache_implib)
  list(APPEND streamcache_cargo_files "${streamcache_release_dir}/${streamcache_built_implib}")
endif()
if(STREAMCACHE_BUILD_STATIC)
  string(APPEND streamcache_crate_types ",staticlib")
  # What a program has to link beside the static library: rustc knows.
  set(streamcache_native_file "${streamcache_release_dir}/native-static-libs")
  set(streamcache_rustc_flags -- --print "native-static-libs=${streamcache_native_file}")
  list(APPEND streamcache_cargo_files "${streamcache_release_dir}/libstreamcache.a" "${streamcache_native_file}")
endif()
add_custom_target(streamcache_cargo
  COMMAND "${STREAMCACHE_CARGO}" rustc --release --locked --lib --crate-type ${streamcache_crate_types}
    --manifest-path "${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml"
    --target-dir "${STREAMCACHE_CARGO_TARGET_DIR}"
    ${STREAMCACHE_CARGO_FLAGS} ${streamcache_rustc_flags}
  BYPRODUCTS ${streamcache_cargo_files}
  WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
  COMMENT "cargo builds streamcache ${streamcache_full_version}"
  USES_TERMINAL VERBATIM)

# The shared library. Debuggers, and valgrind, find the .debug file beside it or in a folder .debug there.

set(streamcache_library "${streamcache_lib_dir}/${streamcache_file}")
set(streamcache_debug_file "")
set(streamcache_strip
  COMMAND "${CMAKE_COMMAND}" -E copy "${streamcache_release_dir}/${streamcache_built}" "${streamcache_library}")
if(streamcache_linux AND CMAKE_OBJCOPY)
  set(streamcache_debug_file "${streamcache_library}.debug")
  set(streamcache_strip
    COMMAND "${CMAKE_OBJCOPY}" --only-keep-debug "${streamcache_release_dir}/${streamcache_built}" "${streamcache_debug_file}"
    COMMAND "${CMAKE_OBJCOPY}" --strip-unneeded "--add-gnu-debuglink=${streamcache_debug_file}"
      "${streamcache_release_dir}/${streamcache_built}" "${streamcache_library}")
endif()
set(streamcache_links "")
if(streamcache_link)
  set(streamcache_links
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "${streamcache_file}" "${streamcache_lib_dir}/${streamcache_soname}"
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "${streamcache_soname}" "${streamcache_lib_dir}/${streamcache_link}")
endif()
if(streamcache_implib)
  list(APPEND streamcache_links COMMAND "${CMAKE_COMMAND}" -E copy
    "${streamcache_release_dir}/${streamcache_built_implib}" "${streamcache_lib_dir}/${streamcache_implib}")
endif()
add_custom_command(OUTPUT "${streamcache_library}"
  ${streamcache_strip} ${streamcache_links}
  DEPENDS streamcache_cargo "${streamcache_release_dir}/${streamcache_built}"
  BYPRODUCTS ${streamcache_debug_file}
  COMMENT "${streamcache_file}" VERBATIM)
set(streamcache_files "${streamcache_library}")
if(STREAMCACHE_BUILD_STATIC)
  include(cmake/static.cmake)
  list(APPEND streamcache_files "${streamcache_archive}" "${streamcache_native_cmake}")
endif()
add_custom_target(streamcache_library ALL DEPENDS ${streamcache_files})

# The targets of the build tree, for add_subdirectory; streamcacheConfig.cmake makes the installed ones.

add_library(streamcache::streamcache SHARED IMPORTED GLOBAL)
set_target_properties(streamcache::streamcache PROPERTIES
  IMPORTED_LOCATION "${streamcache_library}"
  INTERFACE_INCLUDE_DIRECTORIES "${streamcache_include_dir}")
if(streamcache_implib)
  set_target_properties(streamcache::streamcache PROPERTIES IMPORTED_IMPLIB "${streamcache_lib_dir}/${streamcache_implib}")
else()
  set_target_properties(streamcache::streamcache PROPERTIES IMPORTED_SONAME "${streamcache_soname_property}")
endif()
add_dependencies(streamcache::streamcache streamcache_library)

if(STREAMCACHE_BUILD_STATIC)
  add_library(streamcache::static STATIC IMPORTED GLOBAL)
  set_target_properties(streamcache::static PROPERTIES
    IMPORTED_LOCATION "${streamcache_archive}"
    # Known only when cargo has built; a linker reads more arguments from a file. The installed target has them in words.
    INTERFACE_LINK_LIBRARIES "-Wl,@${streamcache_native_arguments}"
    INTERFACE_INCLUDE_DIRECTORIES "${streamcache_include_dir}")
  add_dependencies(streamcache::static streamcache_library)
endif()
