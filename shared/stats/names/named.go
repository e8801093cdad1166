package names

// Named splits objects into those that have the name q and those that only have a name in
// which words begin with q, regardless of case and accents: of each at most limit, in the
// order of [Matching].
func Named[T any](q string, list []Object[T], limit int) (exact, similar []T) {
	text := queryKey(q)
	var same, others []Object[T]
	for _, o := range list {
		named := false
		for _, name := range o.Names {
			named = named || text != "" && Key(name) == text
		}
		if named {
			same = append(same, o)
		} else {
			others = append(others, o)
		}
	}
	return Matching(q, same, limit), Matching(q, others, limit)
}
