/** Returns the room of an address like `#/rooms/1`; undefined for any other. */
export function roomOfHash(hash: string): number | undefined {
  const id = Number(/^#\/rooms\/([1-9]\d{0,15})$/.exec(hash)?.[1]);
  return Number.isSafeInteger(id) ? id : undefined;
}

/** Returns the address of a room, or of none. */
export function hashOfRoom(roomId: number | undefined): string {
  return roomId === undefined ? '#/' : `#/rooms/${roomId}`;
}
