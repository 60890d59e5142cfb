#!/bin/sh
# A program that asks pkg-config: build.sh OUTPUT [--static]
set -eu
cd "$(dirname "$0")"
# shellcheck disable=SC2046  # flags are words
${CC:-cc} -Wall -Wextra -Werror ../consumer.c -o "$1" $(pkg-config ${2:+"$2"} --cflags --libs streamcache)
