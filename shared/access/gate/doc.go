// Package gate decides, for every call, whether the key is unchanged since its
// facts were read and whether there is quota left; and it counts the call. It
// does all three in one conditional write.
//
// # Why a write
//
// API Gateway caches what the authorizer found, so the authorizer sees a call
// only now and then: it cannot count, and a revoked key would live until the
// cache ends. So each call passes one update of the key's gate item, an item
// with a partition of its own, in no index, that carries:
//
//	v      the key's version, which rises with every change to the key
//	q      {w, n{budget}}    the quota window and what was spent in it
//	h      {w, o{code}}      the hour and the calls made in it, by operation
//	p      {w, o{code}}      the hour that was closed last, absent before the first
//	total  all calls ever     seen  the time of the last one, epoch seconds
//
// The update's condition is that v is the caller's version, that q and h are the
// caller's windows, and that the budget is not used up. Where it holds, the call
// is admitted and counted, for one write unit and no read. Where it does not, the
// store hands back the item, and [decide] tells from it what to do.
//
// # Versions
//
// Whoever changes a key first writes the facts, then calls [Gate.Bump], then
// answers. A call that starts after that answer and carries older facts fails the
// condition, has its facts read again ([Resolver]: the version first, then the
// facts) and is judged by those. Narrowing is therefore immediate in spite of any
// cache. What was read is remembered by secret, so that a cached policy does not
// cost two writes a call until it ends. Memory is never trusted: whatever facts a
// call goes by, the write is conditional on their version.
//
// No transaction may ever include a gate item: on DynamoDB a plain update that
// meets a transaction fails, and under load there is always a plain update.
//
// # Windows
//
// A window is numbered by the second at which it starts, not by a count of
// windows since 1970: a plan change may turn hours into minutes, and starts stay
// comparable where counts would jump by a factor of sixty. Windows only ever move
// forward: whoever finds q or h behind its own clock rolls it, in the same write
// that spends, and whoever finds it ahead adopts it. Each window value therefore
// exists once in the life of a key, with a counter that begins at zero and stops
// at the limit, whatever the clocks of the instances say. q and h are rolled each
// for itself: they roll together where the quota window is an hour or less, but a
// day's window outlives 24 hours of usage. All rates of a plan share one window
// size, as a key has one q; a caller with two is refused.
//
// # Usage
//
// Rolling the hour moves h to p and so drops the old p. Before that, the old p is
// put as a history item under USAGE#key. Had the winner of the roll put it
// afterwards, a process that dies between the two would lose an hour. p never
// changes once it is closed, and the roll is conditional on it being the same
// one still, so any number of instances may put it, with the same content.
// Usage is history, p and h, each hour once, and adds up to total exactly.
//
// # What it promises
//
// No over-admission, ever, and no admission where the store does not answer: that
// is a 503. A refused call spends nothing, but for one whose answer was lost: the
// call may then have been counted although it was refused, and its repetition
// counts again. An instance may refuse from memory for up to a second after it
// saw a budget used up, never admit.
package gate
