/** The input that the button beside it still requires. Renders nothing if nothing is missing. */
export function Lacks({ what }: { what: string | false | undefined }) {
  return (
    <span role="status" className="lacks">
      {what}
    </span>
  );
}
