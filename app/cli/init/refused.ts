/** What was given cannot become a manifest that `check` accepts: the message says what, where and what was expected. */
export class RefusedModel extends Error {
  override readonly name = 'RefusedModel';
  /** What its owner can do about it. */
  readonly next: string | undefined;
  constructor(message: string, next?: string, options?: ErrorOptions) {
    super(message, options);
    this.next = next;
  }
}
