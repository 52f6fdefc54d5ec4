/** Returns undefined for what is not JSON. @typeParam T what the server sends */
export function parseJson<T>(text: string): T | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
