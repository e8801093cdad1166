package names

import (
	"context"
	"fmt"

	"statgate/shared/table"
)

// Finder finds the objects that one reader may see.
type Finder[T any] struct {
	Kind   Kind[T]
	Table  table.Table
	Public bool                                           // the reader sees the objects of the index
	Own    func(ctx context.Context) ([]Object[T], error) // further objects, before those of the index; may be nil
}

// Search returns the objects with the id q or with a name in which words begin with q, as
// [Kind.Find] finds them and [Matching] selects them: at most limit.
func (f Finder[T]) Search(ctx context.Context, q string, limit int) ([]T, error) {
	all, err := f.candidates(ctx, q, f.Kind.Find)
	if err != nil {
		return nil, err
	}
	return Matching(q, all, limit), nil
}

// Named returns the objects that have the name q, and those that Search finds besides: of
// each at most limit.
func (f Finder[T]) Named(ctx context.Context, q string, limit int) (exact, similar []T, err error) {
	all, err := f.candidates(ctx, q, f.Kind.Find)
	if err != nil {
		return nil, nil, err
	}
	exact, similar = Named(q, all, limit)
	return exact, similar, nil
}

// Nearest returns the objects whose names are closest to a misspelt name, as [Kind.Near]
// finds them and [Closest] selects them: at most limit.
func (f Finder[T]) Nearest(ctx context.Context, q string, limit int) ([]T, error) {
	all, err := f.candidates(ctx, q, f.Kind.Near)
	if err != nil {
		return nil, err
	}
	return Closest(q, all, limit), nil
}

// candidates returns the reader's further objects, then those that find returns.
func (f Finder[T]) candidates(ctx context.Context, q string, find func(context.Context, table.Table, string) ([]Object[T], error)) ([]Object[T], error) {
	var all []Object[T]
	if f.Own != nil {
		var err error
		if all, err = f.Own(ctx); err != nil {
			return nil, fmt.Errorf("names: reading own objects: %w", err)
		}
	}
	if !f.Public {
		return all, nil
	}
	public, err := find(ctx, f.Table, q)
	return append(all, public...), err
}
