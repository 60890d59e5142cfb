package streamcache

// #include "shim_log.h"
import "C"

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"sync"
)

// LogLevel is how much a message matters: the more, the higher.
type LogLevel int32

// The levels.
const (
	// LogDebug is for whoever looks for a fault in the library.
	LogDebug LogLevel = C.STREAMCACHE_LOG_DEBUG
	// LogInfo: a cache was opened or closed, a filter's state replaced.
	LogInfo LogLevel = C.STREAMCACHE_LOG_INFO
	// LogWarning: something did not work, and the caller was told by an error.
	LogWarning LogLevel = C.STREAMCACHE_LOG_WARNING
	// LogError: a fault in the library, a panic that was contained.
	LogError LogLevel = C.STREAMCACHE_LOG_ERROR
)

// String is the level's name.
func (l LogLevel) String() string {
	switch l {
	case LogDebug:
		return "debug"
	case LogInfo:
		return "info"
	case LogWarning:
		return "warning"
	case LogError:
		return "error"
	}
	return "unknown"
}

// The pipe that C writes messages to, for it must not call Go: the library speaks on threads of its own, too, and within
// functions that Go was told never call back. Made by the first LogTo, and there for good.
var logging struct {
	sync.Mutex
	hear  func(level LogLevel, target, message string)
	write *os.File
}

// LogTo has hear called with the process's messages of this level and above, in place of whoever heard them before; with
// nil the library is silent, as it is at first. target is the part of the library that speaks: "cache", "disk" and so on.
// hear is called by a goroutine of this package's, one message at a time, a moment later, and may do anything; where it
// takes longer than messages come, some are lost.
func LogTo(least LogLevel, hear func(level LogLevel, target, message string)) error {
	if mismatch != nil {
		return mismatch
	}
	logging.Lock()
	defer logging.Unlock()
	if hear == nil {
		logging.hear = nil
		return failure(C.scgo_log_off())
	}
	if logging.write == nil {
		read, write, err := os.Pipe() // neither end blocks
		if err != nil {
			return err
		}
		logging.write = write
		go passOn(read)
	}
	raw, err := logging.write.SyscallConn()
	if err != nil {
		return err
	}
	var status C.streamcache_status
	err = raw.Control(func(pipe uintptr) { status = C.scgo_log_to(C.int(pipe), C.streamcache_log_level(least)) })
	if err == nil {
		err = failure(status)
	}
	if err == nil {
		logging.hear = hear
	}
	return err
}

// passOn reads the messages, for ever, as scgo_hear writes them.
func passOn(pipe *os.File) {
	from := bufio.NewReader(pipe)
	for {
		var head [C.SCGO_LOG_HEAD]byte
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return
		}
		target, message := binary.LittleEndian.Uint16(head[2:]), binary.LittleEndian.Uint16(head[4:])
		texts := make([]byte, target+message)
		if _, err := io.ReadFull(from, texts); err != nil {
			return
		}
		logging.Lock()
		hear := logging.hear
		logging.Unlock()
		if hear != nil {
			hear(LogLevel(head[0]), string(texts[:target]), strings.ToValidUTF8(string(texts[target:]), "")) // it may be cut
		}
	}
}
