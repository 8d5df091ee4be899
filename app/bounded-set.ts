/** A set that forgets its oldest entries. */
export interface BoundedSet<T> {
  has(entry: T): boolean;
  add(entry: T): void;
  remove(entry: T): void;
}

export function boundedSet<T>(limit: number): BoundedSet<T> {
  const entries = new Set<T>();
  return {
    has: (entry) => entries.has(entry),
    add(entry) {
      entries.add(entry);
      const oldest = entries.values().next();
      if (entries.size > limit && oldest.done !== true) entries.delete(oldest.value);
    },
    remove(entry) {
      entries.delete(entry);
    },
  };
}
