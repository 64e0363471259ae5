// What tests of types compare with.

/** Accepts exactly `Expected`: neither wider nor narrower, nor `any`. */
export function exactly<Expected>(): <Actual>(value: Actual, same: Same<Actual, Expected>) => void {
  return () => {}
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
