package streamcache_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	sc "streamcache/bindings/go"
)

type said struct {
	level           sc.LogLevel
	target, message string
}

// listener keeps what the library says until the end of a test.
type listener struct {
	sync.Mutex
	all []said
}

func listen(t *testing.T, least sc.LogLevel) *listener {
	t.Helper()
	l := &listener{}
	must(t, sc.LogTo(least, func(level sc.LogLevel, target, message string) {
		l.Lock()
		defer l.Unlock()
		l.all = append(l.all, said{level, target, message})
	}))
	t.Cleanup(func() { must(t, sc.LogTo(0, nil)) })
	return l
}

// about are the messages of one part of the library.
func (l *listener) about(target string) (found []said) {
	l.Lock()
	defer l.Unlock()
	for _, one := range l.all {
		if one.target == target {
			found = append(found, one)
		}
	}
	return found
}

func TestLog(t *testing.T) {
	_, filter := opened(t, nil)
	l := listen(t, sc.LogInfo)
	must(t, filter.LoadState([]byte("others")))
	soon(t, "a message", func() bool { return len(l.about("filter")) == 1 })
	if one := l.about("filter")[0]; one.level != sc.LogInfo || !strings.Contains(one.message, " gave way to ") {
		t.Fatal(one)
	}
	l = listen(t, sc.LogWarning)
	must(t, filter.LoadState([]byte("weights")))
	small, err := sc.Open(&sc.Options{MaxBytes: 4096})
	must(t, err)
	defer small.Close()
	other, err := small.OpenFilter("small", sc.DigestConfigBytes(nil))
	must(t, err)
	wants(t, other.LoadState(make([]byte, 8192)), sc.ErrNoSpace)
	soon(t, "a warning", func() bool { return len(l.about("cache")) == 1 })
	if one := l.about("cache")[0]; one.level != sc.LogWarning || one.level.String() != "warning" || len(l.about("filter")) != 0 {
		t.Fatal(l.all)
	}
	wants(t, sc.LogTo(99, func(sc.LogLevel, string, string) {}), sc.ErrInvalidArgument)
	must(t, sc.LogTo(sc.LogDebug, nil))
	must(t, filter.LoadState([]byte("unheard")))
	if len(l.all) != 1 {
		t.Fatal(l.all)
	}
}

// A handler may do anything, also call the library, and hears the library's own threads; a long message is cut.
func TestLogFromAnyThread(t *testing.T) {
	cache, filter := opened(t, nil)
	var l listener
	must(t, sc.LogTo(sc.LogInfo, func(level sc.LogLevel, target, message string) {
		if _, err := cache.Stats(); err != nil {
			t.Error(err)
		}
		l.Lock()
		defer l.Unlock()
		l.all = append(l.all, said{level, target, message})
	}))
	defer sc.LogTo(0, nil)
	var all sync.WaitGroup
	for g := 0; g < 4; g++ {
		all.Add(1)
		go func(g int) {
			defer all.Done()
			for i := 0; i < 25; i++ {
				if err := filter.LoadState([]byte{byte(g), byte(i)}); err != nil {
					t.Error(err)
				}
			}
		}(g)
	}
	all.Wait()
	long, err := sc.Open(&sc.Options{Name: strings.Repeat("☃", 2000)})
	must(t, err)
	must(t, long.Close())
	must(t, cache.Export(background, filepath.Join(t.TempDir(), "results")))
	soon(t, "an export's message", func() bool { return len(l.about("export")) == 1 })
	if heard := len(l.about("filter")); heard != 100 {
		t.Fatal(heard)
	}
	if message := l.about("cache")[0].message; len(message) < 4000 || !utf8.ValidString(message) {
		t.Fatal(len(message))
	}
}
