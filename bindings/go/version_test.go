package streamcache

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strings"
	"testing"
	"time"
)

func TestVersion(t *testing.T) {
	if mismatch != nil || Version() != HeaderVersion {
		t.Fatal(mismatch, Version(), HeaderVersion)
	}
	for _, library := range []uint32{1_002, 1_003, 1_999} {
		if err := compatible(1_002, library, "one"); err != nil {
			t.Error(library, err)
		}
	}
	for _, library := range []uint32{0, 999, 1_000, 1_001, 2_000, 2_002, 1_001_002} { // the third and fourth are older
		err := compatible(1_002, library, "9.8.7")
		if !errors.Is(err, ErrNotSupported) || !strings.Contains(err.Error(), "0.1.2") || !strings.Contains(err.Error(), "9.8.7") {
			t.Error(library, err)
		}
	}
}

// Every status has a sentence of its own, and an error that is made but once.
func TestStatuses(t *testing.T) {
	seen := map[string]bool{}
	for status := lowest; status <= highest; status++ {
		err := failure(code(status))
		if (status == ok) != (err == nil) {
			t.Fatal(status, err)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, status) || err != failure(code(status)) {
			t.Error(status, err)
		}
		if seen[err.Error()] || len(err.Error()) < len(statusText)+10 {
			t.Error(err)
		}
		seen[err.Error()] = true
	}
	if err := failure(code(-1000)); !errors.Is(err, Status(-1000)) {
		t.Error(err)
	}
}

// With a library of another version nothing reaches C but the question for its version.
func TestEveryWayIntoAnotherVersion(t *testing.T) {
	file := t.TempDir() // no file at all, which only C would notice
	ways := map[string]func() error{
		"Open":              func() error { _, err := Open(nil); return err },
		"OpenJSON":          func() error { _, err := OpenJSON("{}"); return err },
		"LogTo":             func() error { return LogTo(LogInfo, func(LogLevel, string, string) {}) },
		"NewHasher":         func() error { _, err := NewHasher(RoleChunk); return err },
		"NewBarrier":        func() error { _, err := NewBarrier(); return err },
		"DigestChunkFile":   func() error { _, err := DigestChunkFile(file); return err },
		"DigestStateFile":   func() error { _, err := DigestStateFile(file); return err },
		"DigestConfigJSON":  func() error { _, err := DigestConfigJSON("{}"); return err },
		"DigestRaw":         func() error { _, err := DigestRaw(RoleChunk, []byte("x")); return err },
		"Tensor.Digest":     func() error { _, err := (&Tensor{Type: Uint8}).Digest(); return err },
		"DigestChunk":       panics(func() { DigestChunk(nil) }),
		"DigestChunks":      panics(func() { DigestChunks([][]byte{nil}) }),
		"DigestInputs":      panics(func() { DigestInputs() }),
		"DigestConfigBytes": panics(func() { DigestConfigBytes(nil) }),
		"DigestState":       panics(func() { DigestState(nil) }),
		"KeyState":          panics(func() { KeyState(Digest{}, Digest{}) }),
		"KeyChunk":          panics(func() { KeyChunk(Digest{}, Digest{}, Digest{}) }),
	}
	another := &Error{ErrNotSupported, "another version"}
	mismatch = another
	defer func() { mismatch = nil }()
	for name, way := range ways {
		if err := way(); err != another {
			t.Error(name, err)
		}
	}
	// Every function of the package that calls C is in that list, or takes a handle that one of the list made.
	handled := map[string]bool{"PipelineKey": true, "PipelineSnapshotKey": true, "Version": true}
	packages, err := parser.ParseDir(token.NewFileSet(), ".", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range packages["streamcache"].Files {
		for _, declaration := range file.Decls {
			function, is := declaration.(*ast.FuncDecl)
			if !is || function.Recv != nil || !function.Name.IsExported() || strings.HasPrefix(function.Name.Name, "Test") {
				continue
			}
			name := function.Name.Name
			ast.Inspect(function.Body, func(node ast.Node) bool {
				if selector, is := node.(*ast.SelectorExpr); is {
					if left, is := selector.X.(*ast.Ident); is && left.Name == "C" && ways[name] == nil && !handled[name] {
						t.Error("calls C, and is not tested: ", name)
					}
				}
				return true
			})
		}
	}
}

// panics is what a call panics with.
func panics(call func()) func() error {
	return func() (err error) {
		defer func() { err, _ = recover().(error) }()
		call()
		return nil
	}
}

// However long somebody is ready to wait, it is no less than the next shorter one.
func TestLongTimes(t *testing.T) {
	for _, d := range []time.Duration{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64 - time.Millisecond} {
		if ms, err := milliseconds(d); err != nil || ms < 9_223_372_036_854 || ms > 9_223_372_036_855 {
			t.Error(d, ms, err)
		}
	}
	before := uint64(0)
	for _, d := range []time.Duration{0, 1, time.Millisecond, time.Millisecond + 1, 49 * 24 * time.Hour,
		math.MaxUint32 * time.Millisecond, 50 * 24 * time.Hour, math.MaxInt64} {
		ms, err := patience(d)
		if err != nil || uint64(ms) < before || ms == math.MaxUint32 { // which is the default, a minute
			t.Error(d, ms, err)
		}
		before = uint64(ms)
	}
	if ms, err := patience(1); ms != 1 || err != nil {
		t.Error(ms, err)
	}
	if _, err := patience(-1); err != ErrInvalidArgument {
		t.Error(err)
	}
}
