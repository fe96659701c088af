pluginManagement {
    repositories {
        google()
        mavenCentral()
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
        // The folder that bindings/java/android/build_aar.sh makes, or `java/maven` of a release.
        maven(uri(providers.gradleProperty("egretWsMaven").get()))
    }
}

rootProject.name = "chat"
include(":app")
