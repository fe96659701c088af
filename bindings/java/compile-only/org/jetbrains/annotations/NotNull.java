package org.jetbrains.annotations;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** Never null. Only to compile with, by the name Kotlin knows; not in the jar, and not needed to run. */
@Retention(RetentionPolicy.CLASS)
public @interface NotNull {}
