/** What the sections of the page need of it. */
export interface OperatorSession {
  /** Sends a request with the token. @throws {OperatorError} */
  ask<T>(method: string, path: string, body?: object): Promise<T>;
}

/** A part of the page that is shown alone. */
export interface PageSection {
  /** Called each time it is shown. */
  open(): void;
}

/** Returns a path with those of the parameters that are set. */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string | number | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
