package changes

// SearchOnly sets how many rows a search reads at most. A search reads whole pages.
func (a *Appender) SearchOnly(rows int) { a.back = rows }
