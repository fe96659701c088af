plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android") // only for KotlinChatActivity
}

android {
    namespace = "org.example.chat"
    compileSdk = 35
    defaultConfig {
        applicationId = "org.example.chat"
        minSdk = 21
        targetSdk = 35
        versionCode = 1
        versionName = "1.0"
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
    kotlinOptions { jvmTarget = "1.8" }
}

dependencies {
    implementation("org.egret:egret-websocket:0.2.0")
}
