//go:build !linux

package net

import (
	"context"
	"errors"
)

func listening(string) ([]socket, error) { return nil, errors.ErrUnsupported }

func holders(context.Context, string, map[uint64]bool) (map[uint64][]int, bool, error) {
	return nil, false, errors.ErrUnsupported
}
