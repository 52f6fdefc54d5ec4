/** Returns the room of an address like `#/rooms/1`; undefined for any other. */
export function roomOfHash(hash: string): number | undefined {
  const id = Number(/^#\/rooms\/([1-9]\d{0,15})$/.exec(hash)?.[1]);
  return Number.isSafeInteger(id) ? id : undefined;
}

/** Returns the address of a room, or of none. */
export function hashOfRoom(roomId: number | undefined): string {
  return roomId === undefined ? '#/' : `#/rooms/${roomId}`;
}

/** Returns the code of an address like `#/invite/<code>`; undefined for any other. */
export function inviteOfHash(hash: string): string | undefined {
  return /^#\/invite\/([\w.~-]{1,200})$/.exec(hash)?.[1];
}

/** Returns the whole address that accepts an invitation. */
export function inviteAddress(code: string, page = location.href): string {
  return new URL(`#/invite/${encodeURIComponent(code)}`, page).href;
}
