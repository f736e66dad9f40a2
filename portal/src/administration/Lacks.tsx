/** What is missing before the button beside it can be pressed; nothing where nothing is. */
export function Lacks({ what }: { what: string | false | undefined }) {
  return (
    <span role="status" className="lacks">
      {what}
    </span>
  );
}
