/** The name of a user, with a mark beside it if the user is a bot. A long name is cut off, the mark never. */
export function UserName({
  name,
  bot,
  as,
}: {
  name: string;
  bot: boolean | undefined;
  /** Class of the style sheet. */
  as: 'author' | 'name';
}) {
  return (
    <span class={`user-name ${as}`}>
      <bdi>{name}</bdi>
      {bot && <span class="bot">bot</span>}
    </span>
  );
}
