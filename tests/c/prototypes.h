/* Reads the prototypes of streamcache.h: which functions are there, and which of their arguments are pointers. */
#ifndef PROTOTYPES_H
#define PROTOTYPES_H

#include "check.h"

#include <ctype.h>

/* The whole file, with comments and preprocessor lines blanked out. */
static char *read_code(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text, *p;
    long len;
    if (file == NULL) fprintf(stderr, "cannot read %s\n", path);
    REQUIRE(file != NULL);
    fseek(file, 0, SEEK_END);
    len = ftell(file);
    rewind(file);
    text = calloc((size_t)len + 1, 1);
    REQUIRE(text != NULL && fread(text, 1, (size_t)len, file) == (size_t)len);
    fclose(file);
    for (p = text; *p; p++) {
        if (p[0] == '/' && p[1] == '*') {
            char *end = strstr(p + 2, "*/");
            REQUIRE(end != NULL);
            memset(p, ' ', (size_t)(end + 2 - p));
        } else if (p[0] == '/' && p[1] == '/') {
            while (p[1] && p[1] != '\n') *p++ = ' ';
            *p = ' ';
        } else if (p[0] == '#' && (p == text || p[-1] == '\n')) {
            while (p[1] && p[1] != '\n' && !(p[1] == '/' && p[2] == '*')) *p++ = ' ';
            *p = ' ';
        }
    }
    return text;
}

/* The text between the parentheses of a function's prototype, in memory of its own; NULL if the header has none. */
static char *arguments_of(const char *code, const char *function) {
    size_t len = strlen(function);
    const char *p;
    for (p = strstr(code, function); p != NULL; p = strstr(p + 1, function)) {
        const char *open = p + len, *close;
        char *arguments;
        if (p > code && (isalnum((unsigned char)p[-1]) || p[-1] == '_')) continue;
        while (isspace((unsigned char)*open)) open++;
        if (*open != '(' || (close = strchr(open, ')')) == NULL) continue;
        arguments = calloc((size_t)(close - open), 1);
        REQUIRE(arguments != NULL);
        memcpy(arguments, open + 1, (size_t)(close - open) - 1);
        return arguments;
    }
    return NULL;
}

/* The name at the end of one argument, cut off in place; NULL when the argument is no pointer. */
static const char *pointer_name(char *argument) {
    char *end = argument + strlen(argument), *name;
    if (strchr(argument, '*') == NULL) return NULL;
    while (end > argument && !isalnum((unsigned char)end[-1]) && end[-1] != '_') end--;
    for (name = end; name > argument && (isalnum((unsigned char)name[-1]) || name[-1] == '_'); name--) continue;
    *end = 0;
    return name;
}

#endif
