// Reading from the API in views.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, messageOf } from "../core/errors";
import { onBackOnline } from "./online";

export interface Loaded<T> {
  /** What was read last; it stays while it is read again. */
  data: T | null;
  error: ApiError | null;
  /** Whether a request is under way. */
  busy: boolean;
  reload: () => void;
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError("failed", error instanceof Error ? error.message : messageOf("failed"));
}

/**
 * Reads something now, and again when the inputs change, on reload, and when the browser is
 * online again. Answers to older inputs are dropped. What was read before stays until the
 * answer is there: a view of one object has the id of the object as its key.
 */
export function useLoad<T>(read: (signal: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, "reload">>({ data: null, error: null, busy: true });
  const [round, setRound] = useState(0);
  const failed = useRef(false);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    setState((now) => ({ ...now, busy: true }));
    read(stop.signal).then(
      (data) => {
        failed.current = false;
        if (!stop.signal.aborted) setState({ data, error: null, busy: false });
      },
      (error: unknown) => {
        failed.current = true;
        if (!stop.signal.aborted) setState((now) => ({ ...now, error: asApiError(error), busy: false }));
      },
    );
    return () => stop.abort();
  }, [...inputs, round]);
  useEffect(() => onBackOnline(() => failed.current && reload()), [reload]);
  return { ...state, reload };
}

/** The time in milliseconds; draws again every so many milliseconds. */
export function useNow(every: number): number {
  const [, setRound] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setRound((n) => n + 1), every);
    return () => clearInterval(timer);
  }, [every]);
  return Date.now();
}

/** Returns the value after it has stayed the same for a while. */
export function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
