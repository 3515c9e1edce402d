namespace MaskLlm.Settings;

/// <summary>What is written after the name of a setting.</summary>
public enum SettingForm
{
    /// <summary>One value.</summary>
    Value,

    /// <summary>Nothing, true or false.</summary>
    Flag,

    /// <summary>Several values.</summary>
    Many,
}
