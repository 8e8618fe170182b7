package local

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// tree is a job object: descendants belong to it whatever becomes of their parents, and end when it is closed, even if
// that is because we have died.
type tree struct{ job windows.Handle }

// prepare keeps Ctrl-C on our console from the command.
func prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}

// hold puts a process into a new job. It is called before the process has got its script, so it has no children yet.
func hold(head *os.Process) (tree, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return tree{}, fmt.Errorf("create job object: %w", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))) //nolint:gosec // what the system call takes
	if err == nil {
		err = assign(job, head.Pid)
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return tree{}, fmt.Errorf("set up job object: %w", err)
	}
	return tree{job: job}, nil
}

func assign(job windows.Handle, pid int) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid)) //nolint:gosec // a pid fits
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(process) }()
	return windows.AssignProcessToJobObject(job, process)
}

// kill ends every process of the job.
func (t tree) kill() { _ = windows.TerminateJobObject(t.job, 1) }

func (t tree) close() { _ = windows.CloseHandle(t.job) }

// powerShell is the 64-bit Windows PowerShell 5.1: the ADSync module exists only there. A 32-bit process sees it under
// Sysnative.
func powerShell() string {
	system := "System32"
	if runtime.GOARCH == "386" {
		system = "Sysnative"
	}
	return filepath.Join(os.Getenv("SystemRoot"), system, "WindowsPowerShell", "v1.0", "powershell.exe")
}
