// Package ownfile reads small files that belong to somebody else, such as a
// process's user, without being led elsewhere: no links, no devices, no pipes,
// no more than asked, and only files of the users that are named.
package ownfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// ErrRefused is wrapped where a file is there and is not one to read: not a
// regular file, or of another user.
var ErrRefused = errors.New("not a file to read")

// Owners are the uids whose files may be read.
type Owners []uint32

// Read returns the first limit bytes of a file. The error wraps
// fs.ErrNotExist where there is none, and ErrRefused.
func Read(path string, limit int64, owners Owners) ([]byte, error) {
	f, err := open(path, false)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer f.Close()
	if err := check(f, owners); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return text, nil
}

// Names lists up to limit names of a folder, sorted.
func Names(path string, limit int, owners Owners) ([]string, error) {
	f, err := open(path, true)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.IsDir() || !allowed(info, owners) {
		return nil, fmt.Errorf("open %s: %w", path, ErrRefused)
	}
	names, err := f.Readdirnames(limit)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	slices.Sort(names)
	return names, nil
}

func check(f *os.File, owners Owners) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || !allowed(info, owners) {
		return ErrRefused
	}
	return nil
}
