/** The loads of keys that are under way. Messages that miss the same key at the same time make one call of KMS. */
export class Loads {
  readonly #underWay = new Map<string, Promise<unknown>>();

  /**
   * Runs `load`, unless a load of that id is under way: then waits for that one, shares its failure, and returns
   * undefined.
   */
  async once<Loaded>(id: string, load: () => Promise<Loaded>): Promise<Loaded | undefined> {
    const underWay = this.#underWay.get(id);
    if (underWay !== undefined) {
      await underWay;
      return undefined;
    }
    const loading = load().finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, loading);
    return await loading;
  }
}
