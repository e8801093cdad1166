// Package gate decides, for every request, whether the key is unchanged since its
// facts were read and whether quota is left, and it counts the request. One
// conditional write does all three.
//
// # Why a write
//
// API Gateway caches the authorizer's policy, so the authorizer sees only some
// requests: it cannot count them, and a revoked key would stay valid until the
// cache expires. So each request updates the key's gate item. The item has a
// partition of its own, is in no index, and holds:
//
//	v      the key's version, which rises with every change to the key
//	q      {w, n{budget}}    the quota window and what was spent in it
//	m      {w, n{k}}         the same for key management, absent before the first
//	h      {w, o{code}}      the hour and the requests made in it, by operation
//	p      {w, o{code}}      the hour that was closed last, absent before the first
//	total  all requests ever     seen  the time of the last one, epoch seconds
//
// The update's condition is that v is the caller's version, that q and h are the
// caller's windows, and that the budget is not used up. A route with cost 0 spends
// in m in place of q, and an urgent one in neither. If it holds, the request
// is admitted and counted, for one write unit and no read. If it does not, the
// store returns the item, and [decide] derives the next step from it.
//
// # Versions
//
// A change of a key writes the facts, then calls [Gate.Bump], then answers. A
// request that starts after that answer with older facts fails the condition. Its
// facts are read again ([Resolver]: the version first, then the facts), and these
// decide. So narrowing has effect immediately in spite of any cache. What was read
// is cached by secret, so that a cached policy does not cost two writes per request
// until it expires. The cache is never trusted: the write is conditional on the
// version of the facts that the request uses.
//
// No transaction may ever include a gate item: on DynamoDB a plain update that
// meets a transaction fails, and under load there is always a plain update.
//
// # Windows
//
// A window is numbered by the second at which it starts, not by a count of
// windows since 1970. A plan change may turn hours into minutes, and starts stay
// comparable where counts would jump by a factor of sixty. Windows only move
// forward: an instance that finds q or h behind its clock rolls it in the write
// that counts the request, and one that finds it ahead adopts it. So each window
// value exists once in the life of a key, even if the clocks of the instances
// differ. Its counter begins at zero and stops at the limit.
//
// A window that is more than two ahead of a clock that the store has confirmed
// (package storeclock) was opened by a wrong clock. It is replaced by the current
// window, used up: what was spent before is not known. So it closes the key for one
// window at most, and the quota is still exact.
//
// q and h roll independently: together if the quota window is an hour or less, but a day's
// window outlives 24 hours of usage. All rates of a plan share one window size, as
// a key has one q; a caller with two sizes is refused.
//
// # Usage
//
// Rolling the hour moves h to p and so drops the old p. Before that, the old p is
// written to history under USAGE#key: an item for each day, with an attribute for each
// hour ("00" to "23") that has the counts and their sum n. If the winner of the roll
// wrote it afterwards, a process that stops between the two would lose an hour.
//
// p never changes once it is closed, and the roll is conditional on the same h and p. So
// any number of instances may write an hour to history, at any time and in any order:
// each sets the same value. Only a repair can add requests to a closed hour, by opening it
// again. A write therefore replaces an hour only by one with a larger sum. Days are never
// added up in storage: a reader adds their hours, so that a day is exact if its hours are.
//
// Usage is history, p and h, each hour once, and adds up to total exactly. Earlier releases
// stored an item for each hour; readers accept both, also of the same hour. A day is one write
// an hour, as an hour's item was, and one read for up to 24 of those.
//
// # Guarantees
//
// The gate never admits more than the quota, and never admits a request if the
// store does not answer: that is a 503. A refused request spends nothing, with two
// exceptions: if the store's answer was lost, the refused request may have been
// counted, and its repetition counts again; and a request is counted if only the answer
// shows, by correcting the clock, that the key has expired. An instance may refuse from memory for
// up to a second after it saw a budget used up; it never admits from memory.
package gate
