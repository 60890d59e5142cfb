package streamcache_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	sc "streamcache/bindings/go"
)

// What this package does not call, and why.
var notBound = map[string]string{
	"streamcache_cache_retain":             "Go's objects are shared by their pointers",
	"streamcache_filter_retain":            "Go's objects are shared by their pointers",
	"streamcache_snapshot_retain":          "Go's objects are shared by their pointers",
	"streamcache_stream_retain":            "Go's objects are shared by their pointers",
	"streamcache_ticket_retain":            "Go's objects are shared by their pointers",
	"streamcache_cache_hits":               "Cache.Stats has it",
	"streamcache_cache_misses":             "Cache.Stats has it",
	"streamcache_cache_hit_rate":           "a division of two numbers of Cache.Stats",
	"streamcache_cache_load_state":         "states by an id, apart from filters: see README.md",
	"streamcache_cache_get_state":          "states by an id, apart from filters: see README.md",
	"streamcache_cache_unload_state":       "states by an id, apart from filters: see README.md",
	"streamcache_cache_put_chunk_external": "C would call Go to give memory back: see README.md",
	"streamcache_filter_put_external":      "C would call Go to give memory back: see README.md",
	"streamcache_snapshot_put_external":    "C would call Go to give memory back: see README.md",
	"streamcache_ticket_commit_external":   "C would call Go to give memory back: see README.md",
	"streamcache_value_device_pointer":     "only memory that was given to the cache has one",
	"streamcache_digest_to_hex":            "Digest.String is Go's own",
	"streamcache_digest_from_hex":          "ParseDigest is Go's own",
	"streamcache_error_get_status":         "every function that gives an error answers its status, too",
	"streamcache_filter_begin_batch_bytes": "pointers to pointers to Go's memory: DigestChunks, and BeginBatch",
	"streamcache_filter_get_bytes":         "GetOrComputeBytes and BeginBytes digest and look up",
	"streamcache_filter_put_bytes":         "DigestChunk, and Put",
	"streamcache_options_to_json":          "OpenJSON takes the caller's own",
}

// read is some of this repository's files, without the comments of C.
func read(t *testing.T, patterns ...string) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		must(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			must(t, err)
			all.Write(text)
		}
	}
	return regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(all.String(), "")
}

// Every function of the header is called here, or in the list above with its reason, and not both.
func TestEveryFunction(t *testing.T) {
	header := read(t, "../../include/streamcache.h")
	sources := read(t, "*.go", "shim*.h")
	functions := map[string]bool{}
	// A declaration stands at the beginning of its line, and a type is before its name.
	for _, found := range regexp.MustCompile(`(?m)^[a-z][\w ]* \*?(streamcache_\w+)\(`).FindAllStringSubmatch(header, -1) {
		functions[found[1]] = true
	}
	if symbols := strings.Fields(read(t, "../../abi/symbols.txt")); len(symbols) == 0 || len(functions) < len(symbols) {
		t.Fatalf("%d functions in the header, and %d symbols", len(functions), len(symbols))
	}
	for function := range functions {
		called := regexp.MustCompile(`\b` + function + `\(`).MatchString(sources)
		if reason := notBound[function]; called == (reason != "") {
			t.Errorf("%s: called: %v; not bound because: %q", function, called, reason)
		}
	}
	for function := range notBound {
		if !functions[function] {
			t.Error("the header has no ", function)
		}
	}
}

// Every number of the header's stats is a field here, and no field is of the package's own making.
func TestEveryCounter(t *testing.T) {
	header := read(t, "../../include/streamcache.h")
	for name, of := range map[string]any{"cache": sc.CacheStats{}, "filter": sc.FilterStats{}, "tier": sc.TierStats{}} {
		body := regexp.MustCompile(`(?s)typedef struct streamcache_` + name + `_stats \{(.*?)\}`).FindStringSubmatch(header)
		fields := map[string]bool{}
		for _, found := range regexp.MustCompile(`uint64_t (\w+);`).FindAllStringSubmatch(body[1], -1) {
			word := strings.TrimSuffix(strings.TrimSuffix(found[1], "_ms"), "_ns") // those are durations
			fields[strings.ReplaceAll(word, "_", "")] = true
		}
		stats := reflect.TypeOf(of)
		for i := 0; i < stats.NumField(); i++ {
			field := strings.ToLower(stats.Field(i).Name)
			if !fields[field] {
				t.Errorf("%s: the header has no %s", name, field)
			}
			delete(fields, field)
		}
		if len(fields) != 0 {
			t.Errorf("%s: not here: %v", name, fields)
		}
	}
}
