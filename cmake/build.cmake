# cargo builds the library; a copy under its installed name and links goes to the build tree's lib folder.

find_program(STREAMCACHE_CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin" REQUIRED)

set(streamcache_target_dir "${CMAKE_CURRENT_BINARY_DIR}/cargo")
if(DEFINED ENV{CARGO_TARGET_DIR})
  get_filename_component(streamcache_target_dir "$ENV{CARGO_TARGET_DIR}" ABSOLUTE)
endif()
set(STREAMCACHE_CARGO_TARGET_DIR "${streamcache_target_dir}" CACHE PATH "Where cargo builds")
set(STREAMCACHE_CARGO_FLAGS "" CACHE STRING "More arguments for cargo, a list, such as --offline")
mark_as_advanced(STREAMCACHE_CARGO_FLAGS)

set(streamcache_lib_dir "${CMAKE_CURRENT_BINARY_DIR}/lib")
set(streamcache_include_dir "${CMAKE_CURRENT_SOURCE_DIR}/include")
file(MAKE_DIRECTORY "${streamcache_lib_dir}")

# `cargo rustc --crate-type` and not `cargo build`: with an rlib among the crate types cargo drops link-time optimisation.
# Runs at every build: cargo itself knows best whether a source has changed, and takes a moment when none has.
add_custom_target(streamcache_cargo ALL
  COMMAND "${STREAMCACHE_CARGO}" rustc --release --locked --lib --crate-type cdylib
    --manifest-path "${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml"
    --target-dir "${STREAMCACHE_CARGO_TARGET_DIR}"
    ${STREAMCACHE_CARGO_FLAGS}
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different
    "${STREAMCACHE_CARGO_TARGET_DIR}/release/${streamcache_link}" "${streamcache_lib_dir}/${streamcache_file}"
  COMMAND "${CMAKE_COMMAND}" -E create_symlink "${streamcache_file}" "${streamcache_lib_dir}/${streamcache_soname}"
  COMMAND "${CMAKE_COMMAND}" -E create_symlink "${streamcache_soname}" "${streamcache_lib_dir}/${streamcache_link}"
  BYPRODUCTS "${streamcache_lib_dir}/${streamcache_file}"
  WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
  COMMENT "cargo builds ${streamcache_file}"
  USES_TERMINAL VERBATIM)

# The target of the build tree, for add_subdirectory; streamcacheConfig.cmake makes the installed one.
add_library(streamcache::streamcache SHARED IMPORTED GLOBAL)
set_target_properties(streamcache::streamcache PROPERTIES
  IMPORTED_LOCATION "${streamcache_lib_dir}/${streamcache_file}"
  IMPORTED_SONAME "${streamcache_soname}"
  INTERFACE_INCLUDE_DIRECTORIES "${streamcache_include_dir}")
add_dependencies(streamcache::streamcache streamcache_cargo)
