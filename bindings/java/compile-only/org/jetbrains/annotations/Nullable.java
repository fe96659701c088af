package org.jetbrains.annotations;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** Can be null. Only for compilation, with the name that Kotlin knows. Not in the jar, and not needed at run time. */
@Retention(RetentionPolicy.CLASS)
public @interface Nullable {}
