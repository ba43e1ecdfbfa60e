/**
 * Words that decide whether a full stop ends a sentence. English, with common
 * German, French and Spanish abbreviations; lower case, without the last stop.
 *
 * @module
 */

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/).filter((word) => word !== ""));
}

/** A sentence goes on after these: titles in front of a name, and words that introduce something. */
export const NEVER_LAST: ReadonlySet<string> = words(`
  mr mrs ms mx dr drs prof rev fr hon gov sen rep pres st mt ft gen col maj capt cmdr lt sgt messrs
  mme mlle mm sra srta dra hr bzw z.b d.h u.a ca vgl
  e.g eg i.e ie vs v cf viz approx incl excl esp resp dept univ assn`);

/** A sentence goes on if a number follows. */
export const BEFORE_NUMBER: ReadonlySet<string> = words(`
  no nos nr num fig figs eq eqs sec ch chap vol vols p pp pg art par ex tab
  jan feb mar apr jun jul aug sep sept oct nov dec`);

/** A sentence ends after these if one of the {@linkcode STARTERS} follows. */
export const EITHER_WAY: ReadonlySet<string> = words(`
  etc al inc ltd co corp llc bros jr sr esq ave blvd rd hwy est min max hrs ed eds usw evtl ggf str tel ext`);

/** Words that, capitalised, hardly ever stand inside a sentence. */
export const STARTERS: ReadonlySet<string> = words(`
  A An The This That These Those It He She We They You I There Here
  My Your His Her Its Our Their One Some Many Most All Both Each Every Another
  And But Or So Yet Then However Also Still Thus Therefore Otherwise Meanwhile Instead
  If When While After Before Because Since Although Though Once Until Unless As
  In On At By For From With Without To During Despite
  What Where Who Why How Which Whose Is Are Was Were Do Does Did Can Could Would Will Should
  Yes No Not Now Please Let Maybe Perhaps Today Yesterday Tomorrow`);
