// JSON, indented without being read: numbers stay as they were written, also those that JavaScript
// would round.

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The same document, one member a line. Throws SyntaxError if it is not JSON. */
export function indented(text) {
  JSON.parse(text);
  const tokens = text.match(TOKENS);
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return tokens.map((token, at) => {
    if (token === "{" || token === "[") {
      if (/[}\]]/.test(tokens[at + 1])) return token;
      depth += 1;
      return token + line();
    }
    if (token === "}" || token === "]") {
      if (/[{[]/.test(tokens[at - 1])) return token;
      depth -= 1;
      return line() + token;
    }
    if (token === ",") return token + line();
    return token === ":" ? ": " : token;
  }).join("");
}
