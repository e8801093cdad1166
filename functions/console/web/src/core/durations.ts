// Durations as contracts write them: a whole number and a unit, such as 30d or 12h.

const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31536000 };
const words: Record<string, string> = { s: "second", m: "minute", h: "hour", d: "day", w: "week", y: "year" };

/** Returns the seconds of a duration, NaN if it is none. */
export function seconds(duration: string): number {
  const match = /^(\d{1,11})([smhdwy])$/.exec(duration.trim());
  return match ? Number(match[1]) * units[match[2]!]! : NaN;
}

/** Writes a duration for people: "30d" as "30 days". */
export function durationWords(duration: string): string {
  const match = /^(\d+)([smhdwy])$/.exec(duration);
  return match ? count(Number(match[1]), words[match[2]!]!) : duration;
}

/** Writes seconds for people, in the largest unit that leaves nothing over: 604800 as "7 days". */
export function secondsWords(value: number): string {
  for (const unit of ["y", "d", "h", "m"]) {
    const size = units[unit]!;
    if (value >= size && value % size === 0) return count(value / size, words[unit]!);
  }
  return count(value, "second");
}

/** "minute" for 60, "hour" for 3600, "30 minutes" for 1800: what follows "per". */
export function per(window: number): string {
  const text = secondsWords(window);
  return text.startsWith("1 ") ? text.slice(2) : text;
}

/** Writes a number with its noun. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${new Intl.NumberFormat("en").format(n)} ${n === 1 ? noun : plural}`;
}

/** The overlaps to choose from, of those that the contract allows: none, some usual ones, and the longest. */
export function overlapChoices(maxOverlap: number): string[] {
  const usual = ["1h", "24h", "3d", "7d"].filter((one) => seconds(one) <= maxOverlap);
  if (maxOverlap > 0 && !usual.some((one) => seconds(one) === maxOverlap)) usual.push(exact(maxOverlap));
  return usual;
}

function exact(value: number): string {
  for (const unit of ["d", "h", "m"]) {
    if (value % units[unit]! === 0) return `${value / units[unit]!}${unit}`;
  }
  return `${value}s`;
}
