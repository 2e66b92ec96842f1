/** Which consumer groups subscribe to a topic, by its name: whether it exists or not. */
export class Subscribers {
  readonly #groups = new Map<string, Set<string>>();

  note(topic: string, groupId: string, subscribed: boolean): void {
    const groups = this.#groups.get(topic);
    if (subscribed) {
      if (groups === undefined) {
        this.#groups.set(topic, new Set([groupId]));
      } else {
        groups.add(groupId);
      }
    } else if (groups?.delete(groupId) === true && groups.size === 0) {
      this.#groups.delete(topic);
    }
  }

  of(topic: string): Iterable<string> {
    return this.#groups.get(topic) ?? [];
  }
}
