package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"statgate/shared/table"
)

// failing calls f on a thread whose system calls with the number nr fail with errno, as
// they do on a full or broken disk.
func failing(t *testing.T, nr uint32, errno syscall.Errno, f func()) {
	t.Helper()
	const (
		setNoNewPrivileges, setSeccomp, filterMode = 38, 22, 2
		allow, fail                                = 0x7fff0000, 0x00050000
	)
	program := []syscall.SockFilter{
		{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS}, // the number of the call
		{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, K: nr, Jf: 1},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: fail | uint32(errno)}, //nolint:gosec // a small number
		{Code: syscall.BPF_RET | syscall.BPF_K, K: allow},
	}
	done := make(chan syscall.Errno, 1)
	go func() {
		runtime.LockOSThread()                                                      // for good: the thread ends with this goroutine
		loaded := syscall.SockFprog{Len: uint16(len(program)), Filter: &program[0]} //nolint:gosec // four instructions
		_, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, setNoNewPrivileges, 1, 0, 0, 0, 0)
		if err == 0 {
			_, _, err = syscall.RawSyscall(syscall.SYS_PRCTL, setSeccomp, filterMode, uintptr(unsafe.Pointer(&loaded))) //nolint:gosec // as prctl(2) requires
		}
		if err == 0 {
			f()
		}
		done <- err
	}()
	if err := <-done; err != 0 {
		t.Fatalf("this test needs a kernel with seccomp: %v", err)
	}
}

// put writes a thing and returns the error.
func put(db *DB, n int) error {
	_, err := db.Table("things").Write(context.Background(), table.Put(thing(n)))
	return err
}

func TestWritesToAFullDiskFailAndSucceedOnceThereIsSpace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "statgate.db")
	db, l := openThings(t, path)
	if acknowledged := putAll(t, db, 0, 99); len(acknowledged) != 100 {
		t.Fatal("the disk is not full yet")
	}
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		failing(t, syscall.SYS_PWRITE64, errno, func() {
			if err := put(db, 100); !errors.Is(err, table.ErrUnavailable) || !errors.Is(err, errno) {
				t.Errorf("got %v, want an error that says that the disk is full", err)
			}
		})
	}
	failing(t, syscall.SYS_FTRUNCATE, syscall.ENOSPC, func() { // the file has to grow at some time
		for n := 100; ; n++ {
			if err := put(db, n); errors.Is(err, table.ErrUnavailable) {
				return
			} else if err != nil || n > 10_000 {
				t.Errorf("got %v, want an error that says that the disk is full", err)
				return
			}
		}
	})
	acknowledged := append(putAll(t, db, 10_100, 10_199), putAll(t, db, 0, 99)...)
	if len(acknowledged) != 200 {
		t.Errorf("got %d of 200 writes once there was space", len(acknowledged))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if l.b.Len() > 0 {
		t.Errorf("logged %q: a full disk is no reason to refuse writes for good", l.b.String())
	}
	db, _ = openThings(t, path)
	defer db.Close()
	if unreadable := checkStored(t, db, acknowledged); unreadable > 0 {
		t.Errorf("%d acknowledged writes are lost", unreadable)
	}
}

func TestFailedSyncFailsTheWriteAndAllLaterOnes(t *testing.T) {
	t.Parallel()
	for name, nr := range map[string]uint32{"sync": syscall.SYS_FDATASYNC, "write": syscall.SYS_PWRITE64} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "statgate.db")
			db, l := openThings(t, path)
			acknowledged := putAll(t, db, 0, 99)
			failing(t, nr, syscall.EIO, func() {
				if err := put(db, 100); !errors.Is(err, table.ErrUnavailable) {
					t.Errorf("got %v, want an error that says that the store is unavailable", err)
				}
			})
			if later := putAll(t, db, 101, 120); len(later) > 0 {
				t.Errorf("acknowledged %d writes after the failure", len(later))
			}
			if checkStored(t, db, acknowledged) > 0 {
				t.Error("reads do not go on")
			}
			l.checkOneLine(t)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db, _ = openThings(t, path)
			defer db.Close()
			if checkStored(t, db, acknowledged) > 0 {
				t.Error("acknowledged writes are lost")
			}
		})
	}
}

func TestFileThatCannotBeCreatedLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	failing(t, syscall.SYS_PWRITE64, syscall.ENOSPC, func() {
		if _, err := Open(filepath.Join(dir, "statgate.db"), things); err == nil {
			t.Error("got no error")
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("got %v (%v), want an empty directory", left, err)
	}
}
