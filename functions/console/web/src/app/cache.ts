// Remembers what several views read, for this session only.

export class Cache {
  private readonly kept = new Map<string, Promise<unknown>>();

  /** Returns what is kept under the name, or what read returns. A failure is not kept. */
  get<T>(name: string, read: () => Promise<T>): Promise<T> {
    const found = this.kept.get(name);
    if (found) return found as Promise<T>;
    const made = read();
    this.kept.set(name, made);
    made.catch(() => this.kept.delete(name));
    return made;
  }

  drop(name: string): void {
    this.kept.delete(name);
  }
}
