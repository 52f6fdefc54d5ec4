/** The body of a response that is JSON already. `T` is what it says. */
export class JsonText<T> {
  declare private readonly body: T;

  constructor(readonly text: string) {}
}
